"""What reaches outside: the database tables, the contract."""
