"""The one mail at the end of a batch: to whom it goes, that it is one, and a mail server that is away."""

from datetime import timedelta
from smtplib import SMTPDataError, SMTPRecipientsRefused, SMTPServerDisconnected
from unittest.mock import patch

from django.conf import settings
from django.core import mail
from django.core.mail import EmailMessage
from django.db.models.functions import Now
from django.urls import reverse

from gallery import mails, services
from gallery.models import UploadBatch
from tests.gallery.test_batches import BatchTestCase


class MailTests(BatchTestCase):
    def done(self, *marks: int) -> None:
        self.color(*self.upload(*marks))
        self.all_sent()
        services.close_batches()

    def test_nobody_gets_a_mail_who_did_not_ask_for_it(self) -> None:
        self.done(1, 2)
        self.assertEqual((mails.send_batch_mails(), mail.outbox), (0, []))

    def test_one_mail_for_a_batch_with_the_way_to_end_them(self) -> None:
        self.client.force_login(self.owner)
        self.client.post(reverse("account_mail"), {"batches": "yes"})
        self.done(1, 2, 3)
        self.assertEqual((mails.send_batch_mails(), mails.send_batch_mails()), (1, 0))
        (sent,) = mail.outbox
        self.assertEqual(sent.to, ["olga@example.org"])
        self.assertEqual(sent.subject, "[Photo-Lab] 3 photographs are in color")
        self.assertIn(f"{settings.PHOTOLAB_URL}/photos/", sent.body)
        self.assertIn(f"{settings.PHOTOLAB_URL}/accounts/#mail", sent.body)
        self.assertEqual(sent.content_subtype, "plain")
        self.client.post(reverse("account_mail"), {"batches": "no"})
        self.done(4)
        self.assertEqual(mails.send_batch_mails(), 0)

    def test_it_comes_in_the_language_that_was_chosen(self) -> None:
        self.client.force_login(self.owner)
        self.client.post(reverse("account_mail"), {"batches": "yes"}, headers={"accept-language": "de"})
        self.done(1, 2)
        mails.send_batch_mails()
        (sent,) = mail.outbox
        self.assertEqual(sent.subject, "[Photo-Lab] 2 Fotos sind in Farbe")
        self.assertIn("Guten Tag olga,", sent.body)

    def test_a_mail_server_that_is_away_is_asked_again_for_an_hour(self) -> None:
        services.set_batch_mails(self.owner, True)
        self.done(1, 2)
        with patch.object(EmailMessage, "send", side_effect=SMTPServerDisconnected), self.assertLogs("gallery.mails"):
            self.assertEqual(mails.send_batch_mails(), 0)
        self.assertIsNone(UploadBatch.objects.get().mailed_at)
        UploadBatch.objects.update(done_at=Now() - mails.TRIED_FOR - timedelta(minutes=1))
        self.assertEqual(mails.send_batch_mails(), 0)
        UploadBatch.objects.update(done_at=Now())
        self.assertEqual((mails.send_batch_mails(), len(mail.outbox)), (1, 1))

    def test_a_refused_address_holds_back_nobody_elses_mail(self) -> None:
        for owner in (self.friend, self.owner):  # the latest comes first
            services.set_batch_mails(owner, True)
            UploadBatch.objects.create(owner=owner, colored=2, done_at=Now())
        send = EmailMessage.send

        def refused_for_olga(message: EmailMessage) -> None:
            if message.to == ["olga@example.org"]:
                raise refusal
            send(message)

        gone, busy = (550, b"No such user"), (450, b"Try again later")
        for refusal, tried_again in (
            (SMTPRecipientsRefused({"olga@example.org": gone}), False),
            (SMTPRecipientsRefused({"olga@example.org": busy}), True),
            (SMTPDataError(*gone), False),
            (SMTPDataError(*busy), True),
        ):
            UploadBatch.objects.update(mailed_at=None)
            patched = patch.object(EmailMessage, "send", refused_for_olga)
            with self.subTest(refusal), patched, self.assertLogs("gallery.mails", "WARNING"):
                self.assertEqual(mails.send_batch_mails(), 1)
                waiting = [batch.owner for batch in mails.batches_to_mail()]
                self.assertEqual(waiting, [self.owner] if tried_again else [])
