"""What is said to the person at the terminal."""


class OperatorError(Exception):
    """Something that the operator can put right; its text is a plain sentence, shown without a traceback."""
