"""A person at a browser: keeps cookies, signs in, picks a patient, consents."""

import json
import os
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import requests

DEMO = json.load(open(os.environ["CHARTGATE_DEMO"], encoding="utf-8"))
PROVIDER = next(u for u in DEMO["users"] if u["kind"] == "provider" and u["sees"] and u["sees_not"])
MRN = PROVIDER["sees"][0]


def client_of(kind, test=lambda client: True):
    return next(
        c for c in DEMO["clients"] if c["kind"] == kind and c["client_id"] != "record-viewer" and test(c)
    )


def patient_of(mrn):
    return next(p for p in DEMO["patients"] if p["mrn"] == mrn)


class Forms(HTMLParser):
    """The forms of a page: action, fields that a browser would send, and named buttons with their text."""

    def __init__(self, html):
        super().__init__()
        self.found, self.form, self.button = [], None, None
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "form":
            self.form = {"action": attrs.get("action", ""), "fields": [], "buttons": []}
            self.found.append(self.form)
        elif tag == "input" and self.form is not None and attrs.get("name"):
            if attrs.get("type") != "checkbox" or "checked" in attrs:
                self.form["fields"].append((attrs["name"], attrs.get("value") or ""))
        elif tag == "button" and self.form is not None:
            self.button = {"name": attrs.get("name"), "value": attrs.get("value") or "", "label": ""}
            self.form["buttons"].append(self.button)

    def handle_endtag(self, tag):
        if tag == "form":
            self.form = None
        elif tag == "button":
            self.button = None

    def handle_data(self, data):
        if self.button is not None:
            self.button["label"] += data


class Person:
    def __init__(self, user=PROVIDER, mrn=MRN):
        self.user, self.mrn, self.browser = user, mrn, requests.Session()

    def authorize(self, url):
        """Goes through our pages until the browser would leave for the app; returns that address."""
        answer = self.browser.get(url, allow_redirects=False)
        for _ in range(12):
            if 300 <= answer.status_code < 400:
                target = urljoin(DEMO["portal"], answer.headers["location"])
                if urlsplit(target).netloc != urlsplit(DEMO["portal"]).netloc:
                    return target
                answer = self.browser.get(target, allow_redirects=False)
                continue
            action, fields = self.answer(Forms(answer.text).found, answer)
            answer = self.browser.post(
                urljoin(DEMO["portal"], action),
                data=fields,
                headers={"sec-fetch-site": "same-origin"},
                allow_redirects=False,
            )
        raise AssertionError("too many pages")

    def answer(self, forms, answer):
        for form in forms:
            if form["action"].startswith("/sign-in"):
                typed = {"email": self.user["email"], "password": self.user["password"]}
                return form["action"], [(name, typed.get(name, value)) for name, value in form["fields"]]
        for form in forms:
            for button in form["buttons"]:
                if button["name"] == "patient" and self.mrn in button["label"]:
                    return form["action"], form["fields"] + [("patient", button["value"])]
        for form in forms:
            if any(name == "sought" for name, _ in form["fields"]):
                fields = [(name, self.mrn if name == "sought" else value) for name, value in form["fields"]]
                return form["action"], fields
        for form in forms:
            if form["action"] == "/oauth/authorize/consent":
                return form["action"], form["fields"] + [("decision", "allow")]
        raise AssertionError(f"stuck on a page: {answer.status_code} {answer.text[:3000]}")
