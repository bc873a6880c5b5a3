"""manage.py retrain: starts retraining as the admin's action does. A worker on the queue `train` does the work."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from gallery import services
from gallery.services import RunSettings
from gallery.wording import ALL, describe_plan, read_selection, why_it_may_wait


class Command(BaseCommand):
    help = "Start retraining on the collected images, from the active model version. It prints the plan first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        usual = RunSettings()
        parser.add_argument("--steps", type=int, default=usual.steps, help="default: %(default)s")
        parser.add_argument("--learning-rate", type=float, default=usual.learning_rate, help="default: %(default)s")
        parser.add_argument("--adversarial", action="store_true", help="also train against a discriminator; slower")
        parser.add_argument(
            "--base-share",
            type=float,
            default=usual.base_share,
            help="how much of each batch comes from the base corpus; default: %(default)s",
        )
        parser.add_argument("--batch-size", type=int, default=usual.batch_size, help="default: %(default)s")
        parser.add_argument(
            "--crop", type=int, default=usual.crop, help="pixels of a picture's side; default: %(default)s"
        )
        parser.add_argument("--images", default=ALL, help="all, or ids with commas between them; default: all")
        parser.add_argument("--note", default="", help="what the run is for; it stays with the run and its version")
        parser.add_argument("--user", help="the name of the account that starts it")
        parser.add_argument("--plan", action="store_true", help="print the plan and start nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        names = ("steps", "learning_rate", "adversarial", "base_share", "batch_size", "crop")
        settings = RunSettings(**{name: options[name] for name in names})
        image_ids = _read_ids(options["images"])
        by = _find_user(options["user"])
        plan = services.plan_run(settings, image_ids=image_ids)
        for name, value in describe_plan(plan):
            self.stdout.write(f"{name}: {value}")
        for note in plan.notes:
            self.stdout.write(note)
        if plan.problems:
            raise CommandError(" ".join(plan.problems))
        if options["plan"]:
            return
        try:
            run = services.start_run(by, settings, image_ids=image_ids, note=options["note"])
        except services.TrainingRefused as refusal:
            raise CommandError(str(refusal)) from refusal
        page = reverse("admin:gallery_trainingrun_change", args=[run.pk])
        self.stdout.write(f"{run} is in the queue. Its page: {page}")
        if waits := why_it_may_wait():
            self.stdout.write(waits)


def _read_ids(text: str) -> list[int] | None:
    try:
        return read_selection(text)
    except ValueError as error:
        raise CommandError(f"--images: {error}") from error


def _find_user(name: str | None) -> AbstractBaseUser | None:
    if name is None:
        return None
    user = get_user_model().objects.filter(username=name).first()
    if user is None:
        raise CommandError(f"There is no account {name}.")
    return user
