"""An institution's life after it went live: what two people of the bank decide about it."""
