"""The metrics, alarms and rules of a provider."""
