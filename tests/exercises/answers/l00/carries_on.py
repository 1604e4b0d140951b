"""Answers to 00.3 beside those that the exercise itself knows."""

RIGHT = {
    "letter and bracket": 'carries_on = "b)"',
    "letter and text": 'carries_on = "b: the course\'s version"',
    "in a list": 'carries_on = ["b"]',
    "the text and a full stop": 'carries_on = "The course\'s version."',
}

WRONG = [
    ('carries_on = "My own version, wrong as it is."', "spoil everything"),
    ('carries_on = "C: none"', "is one of"),
    ('carries_on = "d"', "is one of"),
    ("carries_on = 2", "is one of"),
    ('carries_on = ["a", "b"]', "several came"),
]
