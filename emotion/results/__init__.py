"""Results as table rows: their columns, the files they are written to, and data frames."""
