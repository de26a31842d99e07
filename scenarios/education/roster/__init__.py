"""OneRoster 1.2 bundles: read with every flaw named, held against what is known, brought in set by set."""
