// SPDX-License-Identifier: Apache-2.0

#include "fuzz/model/replies.h"

namespace postern::fuzz::model {
namespace {

constexpr Situation kSituations[] = {
    {kGreeting, 220, "", 1},
    {kGreetingRefused, 554, "", 1},
    {kGreetingDeferred, 421, "", 1},
    {kHeloOk, 250, "", 1},
    {kEhloOk, 250, "", 1},
    {kHeloRejected, 550, "5.7.1", 1},
    {kHeloDeferred, 451, "4.7.1", 1},
    {kBadHeloName, 501, "5.5.4", 1},
    {kMailOk, 250, "2.1.0", 1},
    {kMailRejected, 550, "5.7.1", 1},
    {kMailDeferred, 451, "4.7.1", 1},
    {kBadReversePath, 501, "5.1.7", 1},
    {kReversePathWithoutBrackets, 501, "5.1.7", 1},
    {kReversePathWithoutDomain, 501, "5.1.7", 1},
    {kReversePathTooLong, 501, "5.1.7", 1},
    {kReversePathAfterSpace, 501, "5.1.7", 1},
    {kNonAsciiReversePath, 550, "5.6.7", 1},
    {kRcptOk, 250, "2.1.5", 1},
    {kRcptRejected, 550, "5.1.1", 1},
    {kRcptDeferred, 450, "4.2.0", 1},
    {kBadForwardPath, 501, "5.1.3", 1},
    {kForwardPathWithoutBrackets, 501, "5.1.3", 1},
    {kForwardPathWithoutDomain, 501, "5.1.3", 1},
    {kForwardPathTooLong, 501, "5.1.3", 1},
    {kForwardPathAfterSpace, 501, "5.1.3", 1},
    {kNonAsciiForwardPath, 553, "5.6.7", 1},
    {kTooManyRecipients, 452, "4.5.3", 1},
    {kRelayDenied, 550, "5.7.1", 1},
    {kMailboxFull, 552, "5.2.2", 1},
    {kRcptWillForward, 251, "2.1.5", 1},
    {kRcptNotLocal, 551, "5.1.6", 1},
    {kDataStart, 354, "", 1},
    {kDataRejected, 554, "5.7.1", 1},
    {kDataDeferred, 451, "4.7.1", 1},
    {kContentAccepted, 250, "2.0.0", 1},
    {kContentRejected, 554, "5.7.1", 1},
    {kContentDeferred, 451, "4.3.0", 1},
    {kContentBareNewline, 554, "5.6.0", 2},
    {kMessageTooLarge, 552, "5.3.4", 1},
    {kInsufficientStorage, 452, "4.3.1", 1},
    {kRsetOk, 250, "2.0.0", 1},
    {kNoopOk, 250, "2.0.0", 1},
    {kQuitOk, 221, "2.0.0", 1},
    {kVrfyOk, 250, "2.1.5", 1},
    {kVrfyCannotVerify, 252, "2.0.0", 1},
    {kVrfyRejected, 550, "5.1.1", 1},
    {kVrfyDeferred, 451, "4.3.0", 1},
    {kVrfyWillForward, 251, "2.1.5", 1},
    {kVrfyNotLocal, 551, "5.1.6", 1},
    {kVrfyAmbiguous, 553, "5.1.4", 1},
    {kExpnOk, 250, "2.1.5", 1},
    {kExpnRejected, 550, "5.7.2", 1},
    {kExpnDeferred, 451, "4.3.0", 1},
    {kHelpOverview, 214, "2.0.0", 4},
    {kHelpTopic, 214, "2.0.0", 1},
    {kHelpTopicUnknown, 504, "5.5.4", 1},
    {kStarttlsReady, 220, "2.0.0", 1},
    {kStarttlsRejected, 554, "5.7.0", 1},
    {kStarttlsDeferred, 454, "4.7.0", 1},
    {kTlsAlreadyActive, 503, "5.5.1", 1},
    {kTlsRequired, 530, "5.7.0", 1},
    {kUnrecognized, 500, "5.5.1", 1},
    {kEmptyLine, 500, "5.5.1", 1},
    {kNotAVerb, 500, "5.5.1", 1},
    {kLineTooLong, 500, "5.5.2", 1},
    {kBareLf, 500, "5.5.2", 1},
    {kBareCr, 500, "5.5.2", 1},
    {kNulOctet, 500, "5.5.2", 1},
    {kControlOctet, 500, "5.5.2", 1},
    {kEightBitOctet, 500, "5.5.2", 1},
    {kBadUtf8, 500, "5.5.2", 1},
    {kArgumentsUnexpected, 501, "5.5.4", 1},
    {kArgumentMissing, 501, "5.5.4", 1},
    {kBadArgument, 501, "5.5.4", 1},
    {kBadParameter, 501, "5.5.4", 1},
    {kParameterUnknown, 555, "5.5.4", 1},
    {kParameterNotInForce, 555, "5.5.4", 1},
    {kParameterRepeated, 555, "5.5.4", 1},
    {kTooManyParameters, 501, "5.5.4", 1},
    {kCommandDisabled, 502, "5.5.1", 1},
    {kNeedHelo, 503, "5.5.1", 1},
    {kNeedMail, 503, "5.5.1", 1},
    {kNeedRcpt, 503, "5.5.1", 1},
    {kNestedMail, 503, "5.5.1", 1},
    {kBadSequence, 503, "5.5.1", 1},
    {kGreetingWasRefused, 503, "5.5.1", 1},
    {kTooManyErrors, 421, "4.7.0", 1},
    {kTooManyCommands, 421, "4.7.0", 1},
    {kClientTimeout, 421, "4.4.2", 1},
    {kLineWithoutEnd, 421, "4.7.0", 1},
    {kShuttingDown, 421, "4.3.2", 1},
    {kOutOfMemory, 421, "4.3.0", 1},
    {kDisconnectedByPolicy, 421, "4.7.0", 1},
    {kDecisionTimeout, 451, "4.3.0", 1},
    {kHostCommandOk, 250, "2.0.0", 1},
    {kHostCommandDeferred, 451, "4.3.0", 1},
};

}  // namespace

Situation Find(uint32_t id, const Setup& setup) {
  Situation found = {};
  for (const Situation& situation : kSituations) {
    if (situation.id == id) found = situation;
  }
  if (found.id == 0) return found;
  switch (setup.table) {
    case TableChoice::kOtherCodes:
      if (id == kRcptRejected) found = {id, 553, "5.1.1", 2};
      if (id == kContentRejected) found = {id, 550, "5.7.1", 1};
      if (id == kUnrecognized) found = {id, 500, "5.5.1", 2};
      break;
    default:
      break;
  }
  found.lines += Footers(found.code, setup);
  return found;
}

int Footers(uint32_t code, const Setup& setup) {
  if (setup.table != TableChoice::kFooters) return 0;
  return code / 100 == 4 ? 2 : code / 100 == 5 ? 1 : 0;
}

}  // namespace postern::fuzz::model
