# SPDX-License-Identifier: Apache-2.0
"""The languages of the tables: LANGUAGE.textproto and LANGUAGE.reference.textproto each.

A language is added by its two files (`posternctl new LOCALE` begins them) and its tag here; the
targets, the tests of completeness and posternctl --language follow.
"""

LANGUAGES = [
    "en",
]
