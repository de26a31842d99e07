"""Who lives in a unit besides its holder: family and renters, each with what they may see and do."""
