"""The words and boxes that templates make of rows."""

from types import SimpleNamespace

from django import forms
from django.contrib.staticfiles import finders
from django.template import Context, Template
from django.test import SimpleTestCase

from gallery.templatetags import gallery_display


class AspectClassTests(SimpleTestCase):
    def aspect(self, width: int, height: int) -> str:
        return gallery_display.aspect_class(SimpleNamespace(width=width, height=height))

    def test_it_names_the_nearest_tenth(self) -> None:
        self.assertEqual(self.aspect(1024, 788), "ar-13")
        self.assertEqual(self.aspect(1000, 1000), "ar-10")
        self.assertEqual(self.aspect(150, 100), "ar-15")

    def test_panoramas_and_scrolls_get_the_outermost_boxes(self) -> None:
        self.assertEqual(self.aspect(3000, 300), "ar-24")
        self.assertEqual(self.aspect(300, 3000), "ar-5")

    def test_each_class_it_can_name_is_in_the_style_sheet(self) -> None:
        with open(finders.find("css/rows.css")) as sheet:
            rules = sheet.read()
        for tenths in range(gallery_display.NARROWEST, gallery_display.WIDEST + 1):
            self.assertIn(f".ar-{tenths} {{ --ratio: {tenths / 10:g}; }}", rules)


class TimeTests(SimpleTestCase):
    def test_expected_times_are_round(self) -> None:
        words = {2: "a few seconds", 12: "about 10 seconds", 47: "about 50 seconds", 60: "about 1 minute"}
        words |= {190: "about 3 minutes", 7200: "about 2 hours"}
        for seconds, expected in words.items():
            with self.subTest(seconds=seconds):
                self.assertEqual(gallery_display.about_time(seconds), expected)

    def test_measured_times_are_exact(self) -> None:
        self.assertEqual(gallery_display.took_time(1.42), "1.4 seconds")
        self.assertEqual(gallery_display.took_time(125), "2 min 5 s")

    def test_an_unknown_time_says_nothing(self) -> None:
        self.assertEqual(gallery_display.about_time(None), "")
        self.assertEqual(gallery_display.took_time(None), "")


class FieldTests(SimpleTestCase):
    class Form(forms.Form):
        password = forms.CharField(
            widget=forms.PasswordInput(attrs={"placeholder": "Password"}), help_text="At least 8 characters."
        )

    def rendered(self, data: dict[str, str] | None = None) -> str:
        template = Template("{% load gallery_display %}{% field form.password %}")
        return template.render(Context({"form": self.Form(data)}))

    def test_label_and_hint_belong_to_the_input(self) -> None:
        html = self.rendered()
        self.assertIn('<label for="id_password">Password', html)
        self.assertIn('aria-describedby="id_password_helptext"', html)
        self.assertIn('id="id_password_helptext"', html)
        self.assertNotIn("placeholder", html)

    def test_an_error_is_tied_to_the_input(self) -> None:
        html = self.rendered({"password": ""})
        self.assertIn('aria-invalid="true"', html)
        self.assertIn("id_password_error", html)
        self.assertIn("This field is required.", html)
