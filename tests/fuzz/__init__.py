"""Coverage-guided fuzzing of the parsers (``make fuzz``), no part of the suite."""
