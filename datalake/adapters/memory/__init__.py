"""In-memory fakes of the ports, shipped so that layers can be tried and tested without services."""
