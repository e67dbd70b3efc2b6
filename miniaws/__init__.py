"""The application: takes commands, answers reads, reconciles what is with what is wanted."""
