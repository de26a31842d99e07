"""Tourism: a scenic site sells its day by the slot, under a legal cap, and lets people in at its gates."""
