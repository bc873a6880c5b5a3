from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("gallery", "0002_turns_and_queues")]

    operations = [
        migrations.AddField(
            model_name="job",
            name="cause",
            field=models.CharField(
                blank=True,
                choices=[
                    ("file", "The file itself"),
                    ("memory", "Too little memory"),
                    ("time", "It took too long"),
                    ("weights", "No usable weights"),
                    ("missing", "The original is gone"),
                    ("worker", "Its worker died three times"),
                    ("other", "Something unforeseen"),
                ],
                help_text="Of a job that failed.",
                max_length=8,
                verbose_name="cause",
            ),
        ),
        migrations.AddField(
            model_name="result",
            name="stage_s",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="Seconds in each stage of the work: name and value.",
                verbose_name="stage s",
            ),
        ),
        migrations.AddField(
            model_name="worker",
            name="samples",
            field=models.JSONField(
                default=list,
                editable=False,
                help_text="What its process counts, for gallery.metrics.",
                verbose_name="samples",
            ),
        ),
    ]
