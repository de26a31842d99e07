"""A hospital's own system seen from outside: FHIR R4 over REST, and on demand slow, silent, doubling, wrong or down."""
