"""LTI 1.3 for education tools: another form of the same launch, with the roster behind it."""
