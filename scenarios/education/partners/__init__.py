"""Two schools of one bank that count each other's pupils as brothers and sisters: agreed by both, ended by either."""
