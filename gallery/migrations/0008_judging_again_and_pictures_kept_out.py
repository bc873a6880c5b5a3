from django.conf import settings
from django.db import migrations, models
from django.db.models.deletion import CASCADE, PROTECT, SET_NULL
from django.db.models.functions import Now


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("gallery", "0007_attempts_given_back"),
    ]

    operations = [
        migrations.AddField(
            model_name="trainingrun",
            name="judges",
            field=models.ForeignKey(
                blank=True,
                help_text="A candidate that is put to the gate again. Such a run trains nothing; its steps are "
                "photographs.",
                null=True,
                on_delete=PROTECT,
                related_name="judging_runs",
                to="gallery.modelversion",
            ),
        ),
        migrations.AddField(
            model_name="trainingrun",
            name="trouble",
            field=models.TextField(
                blank=True, default="", help_text="In plain words: what does not work now and is tried again."
            ),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="trainingrun",
            name="base_version",
            field=models.ForeignKey(
                help_text="Where it starts from; of a run that only judges, the version that was active when it was "
                "asked for.",
                on_delete=PROTECT,
                related_name="runs_from_it",
                to="gallery.modelversion",
            ),
        ),
        migrations.AlterField(
            model_name="versionevent",
            name="action",
            field=models.CharField(
                choices=[
                    ("shipped", "Shipped"),
                    ("trained", "Trained"),
                    ("judged", "Put to the gate again"),
                    ("promoted", "Promoted"),
                    ("rolled_back", "Rolled back to"),
                    ("rejected", "Rejected"),
                    ("weights_removed", "Weights removed"),
                ],
                max_length=15,
            ),
        ),
        migrations.CreateModel(
            name="KeptOut",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "digest",
                    models.CharField(help_text="SHA-256 of the bytes as they were uploaded or made.", max_length=64),
                ),
                ("reason", models.TextField(blank=True)),
                ("decided_at", models.DateTimeField(db_default=Now())),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(on_delete=CASCADE, related_name="+", to=settings.AUTH_USER_MODEL),
                ),
            ],
            options={
                "verbose_name": "picture kept out",
                "verbose_name_plural": "pictures kept out",
                "ordering": ("-id",),
                "constraints": [
                    models.UniqueConstraint(fields=("owner", "digest"), name="one_kept_out_per_owner_and_digest")
                ],
            },
        ),
    ]
