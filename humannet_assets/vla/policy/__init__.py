"""Vision-language-action policies: a Qwen VL model, an action expert, training, evaluation. The one place with torch."""
