"""What widgets share: drawing pictures quickly, and the frame with controls and keyboard."""
