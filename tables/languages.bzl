# SPDX-License-Identifier: Apache-2.0
"""The languages of the tables, each in three files.

LANGUAGE.textproto has replies and HELP topics, LANGUAGE.reference.textproto the reference of reply
codes, LANGUAGE.captions.textproto the words that posternctl puts around both.

A language is added by its files (`posternctl new LOCALE` begins them) and its tag here; the
targets, the tests of completeness and posternctl --language follow.
"""

LANGUAGES = [
    "de",
    "en",
    "es",
    "fr",
    "it",
    "ja",
    "nl",
    "pl",
    "pt",
    "ru",
    "tr",
    "zh",
]
