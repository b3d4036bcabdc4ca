"""One invocation for a custom resource: from the event to the response, or to the self-invocation."""
