"""Enrolment: a public form of the school's own, documents, stages, places, a waiting list and a deposit."""
