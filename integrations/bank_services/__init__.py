"""What the bank asks around it about institutions that want to be taken on."""
