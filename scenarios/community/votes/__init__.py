"""Votes of owners: who may vote with which weight, sealed ballots, a tally that anybody can work out again."""
