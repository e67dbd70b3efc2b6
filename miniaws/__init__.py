"""The application: takes commands, answers reads, reconciles actual with desired state."""
