"""From the will to pay to a receipt, exactly once."""
