"""From events to people: event store, notification channels, dispatcher and the alert node."""
