"""Notices of the school: to all, to grades, classes or pupils; who has read, confirmed and answered them."""
