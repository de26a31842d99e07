"""OneRoster 1.2, Rostering Service, as its provider: what a school has agreed on with an app, for that app."""
