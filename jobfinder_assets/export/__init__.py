"""What leaves the house, and only when its owner says so: own data, and the consented data product."""
