"""The test bill of an institution that is not live yet: issued, paid through the bank's rail, given back."""
