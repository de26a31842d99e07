"""The bank's board: roll-ups kept by events, a scorecard of branches, and what to do next. See README.md."""
