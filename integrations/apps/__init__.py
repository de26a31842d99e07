"""Third-party apps: vendors, versions, installations, launches, webhooks and the open API."""
