"""What people seen from outside do, by name, with the place of each in HumanNet's motion tree (docs/taxonomy.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from humannet_assets.simulator.people import boxes, chores, exercise, sitting, social, tables, together
from humannet_assets.simulator.people.performer import Performer
from humannet_assets.simulator.people.stage import Stage

Solo = Callable[[Stage, Performer], None]
Duo = Callable[[Stage, Performer, Performer], None]


@dataclass(frozen=True)
class Activity:
    """An activity: a chain of atomic actions of one person, or of two.

    `category` is a path of `language.taxonomy.MOTION_CATEGORY`. `opening` activities begin the shot: something is held from the
    start. `furnished` ones put up furniture, so that they are done once. `still` ones are done on the spot.
    """

    category: str
    solo: Solo | None = None
    duo: Duo | None = None
    opening: bool = False
    furnished: bool = False
    still: bool = False

    @property
    def people(self) -> int:
        """How many people it takes."""
        return 2 if self.duo else 1


_HANDLING, _CLEANING = "daily_activities/object_handling", "daily_activities/cleaning"
_COMPANY, _WORKOUT = "social_leisure/communication", "fitness_outdoor/workout"

ACTIVITIES: Mapping[str, Activity] = {
    "carry_box": Activity(_HANDLING, boxes.carry_box, furnished=True),
    "lift_box": Activity(_HANDLING, boxes.lift_box),
    "open_cupboard": Activity(_HANDLING, chores.open_cupboard, furnished=True),
    "drink": Activity(_HANDLING, tables.drink, furnished=True),
    "sit_drink": Activity(_HANDLING, sitting.sit_drink, furnished=True),
    "sit_stand": Activity("daily_activities/hand_motion", sitting.sit_stand, furnished=True),
    "wipe_table": Activity(_CLEANING, tables.wipe_table, furnished=True),
    "sweep": Activity(_CLEANING, chores.sweep, opening=True),
    "stir_pot": Activity("daily_activities/food_preparation", tables.stir_pot, furnished=True),
    "read_book": Activity("daily_activities/desk_work", tables.read_book, furnished=True),
    "wave": Activity(_COMPANY, social.wave, still=True),
    "point": Activity(_COMPANY, social.point, still=True),
    "talk": Activity(_COMPANY, social.talk, still=True),
    "phone_call": Activity(_COMPANY, social.phone_call),
    "bow": Activity(_COMPANY, social.bow, still=True),
    "shake_hands": Activity(_COMPANY, duo=together.shake_hands),
    "high_five": Activity(_COMPANY, duo=together.high_five),
    "hand_over": Activity(_COMPANY, duo=together.hand_over, opening=True),
    "applaud": Activity("social_leisure/performance", social.applaud, still=True),
    "dance": Activity("social_leisure/performance", social.dance),
    "walk": Activity("locomotion/walking", social.walk),
    "walk_across": Activity("locomotion/walking", social.walk_across),
    "lift_arms": Activity(_WORKOUT, exercise.lift_arms, still=True),
    "arm_circles": Activity(_WORKOUT, exercise.arm_circles, still=True),
    "squats": Activity(_WORKOUT, exercise.squats, still=True),
    "jumping_jacks": Activity(_WORKOUT, exercise.jumping_jacks, still=True),
    "march": Activity(_WORKOUT, exercise.march, still=True),
    "stretch": Activity(_WORKOUT, exercise.stretch, still=True),
    "toss_ball": Activity("sports/ball_sports", exercise.toss_ball, opening=True),
    "pass_ball": Activity("sports/ball_sports", duo=together.pass_ball, opening=True),
}
"""Every activity by name."""
