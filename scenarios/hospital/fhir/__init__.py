"""What the hospital tells apps in the words of FHIR R4: sessions, numbers, appointments and what they cost."""
