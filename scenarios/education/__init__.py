"""Schools: pupils, classes and guardians, fees by class, offers with places, canteen, leave, notices, enrolment."""
