"""What a union offers its banks and a bank its institutions: templates, apps and rules, by one mechanism."""
