"""Robot and human episodes in one action space, and the policies trained on them."""
