"""The mails that the site sends by itself: one when everything that was uploaded together is done, to who wishes it."""

import logging
from datetime import timedelta
from smtplib import SMTPDataError, SMTPException, SMTPRecipientsRefused

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import ngettext, override

from gallery.models import UploadBatch
from gallery.services import language_of

logger = logging.getLogger(__name__)

TRIED_FOR = timedelta(hours=1)


def batches_to_mail() -> QuerySet[UploadBatch]:
    """An old batch is no news, even if the mail server was away."""
    wished = UploadBatch.objects.filter(owner__preferences__mail_batches=True, owner__is_active=True)
    return wished.filter(done_at__gte=Now() - TRIED_FOR, mailed_at=None).exclude(owner__email="")


def send_batch_mails() -> int:
    """How many were sent. Of several loops one sends; while the mail server is away, it is tried again later."""
    sent = 0
    for batch in batches_to_mail().select_related("owner"):
        mine = UploadBatch.objects.filter(pk=batch.pk)
        if not mine.filter(mailed_at=None).update(mailed_at=Now()):
            continue
        try:
            message_of(batch).send()
            sent += 1
        except (SMTPRecipientsRefused, SMTPDataError) as refusal:
            logger.warning("The mail about %s was refused", batch, exc_info=refusal)
            if not _is_final(refusal):
                mine.update(mailed_at=None)
        except (SMTPException, OSError):
            logger.exception("The mail about %s could not be sent", batch)
            mine.update(mailed_at=None)
            break
    return sent


def _is_final(refusal: SMTPRecipientsRefused | SMTPDataError) -> bool:
    """5xx. What is answered with 4xx may be taken later, as by greylisting."""
    if isinstance(refusal, SMTPDataError):
        return refusal.smtp_code >= 500
    return all(code >= 500 for code, _ in refusal.recipients.values())


def message_of(batch: UploadBatch) -> EmailMessage:
    """In the language that its owner has chosen."""
    with override(language_of(batch.owner) or settings.LANGUAGE_CODE):
        return _written(batch)


def _written(batch: UploadBatch) -> EmailMessage:
    context = {
        "batch": batch,
        "gallery": settings.PHOTOLAB_URL + reverse("gallery"),
        "account": settings.PHOTOLAB_URL + reverse("account"),
    }
    words = ngettext("%(count)d photograph is in color", "%(count)d photographs are in color", batch.colored)
    return EmailMessage(
        f"{settings.ACCOUNT_EMAIL_SUBJECT_PREFIX}{words % {'count': batch.colored}}",
        render_to_string("gallery/mail_batch.txt", context),
        to=[batch.owner.email],
        headers={"List-Unsubscribe": f"<{context['account']}#mail>", "Auto-Submitted": "auto-generated"},
    )
