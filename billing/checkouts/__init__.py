"""One checkout for bills of several institutions: one order where the channel combines, a queue where it cannot."""
