"""What is out of the ordinary at an institution, said in words and figures, and what waits meanwhile."""
