"""The whole fleet, for real: PostgreSQL, Valkey, an S3 server, web, workers and upkeep, and what goes wrong there.

Every class of tests here is tagged "fleet": `make test` leaves them out, `make test-fleet` runs them.
"""
