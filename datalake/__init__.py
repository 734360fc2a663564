"""Kafka in, searchable video out: bronze, silver and gold layers behind Airflow."""
