// SPDX-License-Identifier: Apache-2.0

#include "tools/posternctl/flags.h"

#include "absl/flags/flag.h"

ABSL_FLAG(bool, json, false, "write JSON, for scripts");
ABSL_FLAG(std::string, color, "auto",
          "auto|always|never  colour (default auto: on a terminal, and NO_COLOR is not set)");
ABSL_FLAG(std::string, output, "", "FILE  where to write (default: standard output)");
ABSL_FLAG(std::string, table, "",
          "FILE  reply table: protobuf text, or compiled (.binpb) (default: the default table)");
ABSL_FLAG(std::string, config, "",
          "FILE  configuration: of posternd or of the engine, protobuf text (default: defaults)");
ABSL_FLAG(std::string, language, "",
          "TAG  language of the built-in reference: en, de, ... (default en)");
ABSL_FLAG(std::string, server_name, "mx.example.org", "NAME  what stands for {server}");
ABSL_FLAG(std::string, as, "",
          "table|posternd|engine  what the files are (default: found out from their fields)");
ABSL_FLAG(bool, html, false, "write one HTML page that needs nothing but itself");
ABSL_FLAG(bool, strict, false, "a warning is a problem too: exit status 1");
ABSL_FLAG(bool, warnings, true, "tell of texts that leak facts (--nowarnings: do not)");
ABSL_FLAG(
    bool, translation, false,
    "the tables given are one translation of the default table, in one file or several: tell what "
    "is missing or lost in it");
ABSL_FLAG(bool, raw, false, "the octets of the dialogue are sent as they are, line ends too");
ABSL_FLAG(bool, tls, false, "TLS is up from the first octet");
ABSL_FLAG(bool, starttls, false, "STARTTLS is offered; the handshake succeeds");
ABSL_FLAG(std::vector<std::string>, answer, {},
          "EVENT=ANSWER,...  how decisions are answered from the first on: rcpt=reject, "
          "rcpt=reject:RELAY_DENIED, content_end=defer (default: accept)");
ABSL_FLAG(double, seconds, 1.0, "N  how long to measure");
ABSL_FLAG(std::vector<std::string>, commands,
          std::vector<std::string>({"HELO", "EHLO", "MAIL", "RCPT", "DATA", "RSET", "NOOP", "QUIT",
                                    "VRFY", "EXPN", "ETRN", "HELP"}),
          "NAME,...  the commands that Sendmail serves; topics of others are left out (default "
          "HELO,EHLO,MAIL,RCPT,DATA,RSET,NOOP,QUIT,VRFY,EXPN,ETRN,HELP)");
