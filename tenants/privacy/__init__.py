"""What the law asks for about people: masks, consent, requests of a person, and how long things are kept."""
