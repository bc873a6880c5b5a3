"""The same product for programs: the same services, the same way to a row, errors as {"error": ...}."""
