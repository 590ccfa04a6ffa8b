// SPDX-License-Identifier: Apache-2.0
//
// What the client says to servers that keep to the rules.

#include "hosts/common/upstream/client.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <string>

#include "gtest/gtest.h"
#include "hosts/common/upstream/client_test_util.h"

namespace postern::upstream {
namespace {

// ---- A message from beginning to end ----

TEST(ClientTest, OneMessageByData) {
  AtEveryCut([](Talk* talk) {
    talk->Start();
    talk->Open();
    talk->Data();
    talk->client->Content("Subject: x\r\n\r\n.dot\r\n..two\r");
    talk->client->Content("\nend\r\n");
    EXPECT_EQ(talk->Heard(), "Subject: x\r\n\r\n..dot\r\n...two\r\nend\r\n");
    talk->client->Finish();
    EXPECT_EQ(talk->Heard(), ".\r\n");
    EXPECT_EQ(talk->Outcome(), "(none)");
    talk->Say("250 2.0.0 Ok: queued as 4ZT\r\n");
    EXPECT_EQ(talk->Outcome(), "250 2.0.0 Ok: queued as 4ZT");
    EXPECT_TRUE(talk->client->ready());
    talk->client->Quit();
    EXPECT_EQ(talk->Heard(), "QUIT\r\n");
    EXPECT_FALSE(talk->client->closed());
    talk->Say("221 2.0.0 Bye\r\n");
    EXPECT_TRUE(talk->client->closed());
  });
}

TEST(ClientTest, SeveralMessagesOnOneConnection) {
  AtEveryCut([](Talk* talk) {
    talk->Start();
    for (int i = 0; i < 3; ++i) {
      talk->Open(2);
      talk->Data();
      talk->client->Finish();
      EXPECT_EQ(talk->Heard(), ".\r\n");
      talk->Say("250 Ok\r\n");
      EXPECT_EQ(talk->Outcome(), "250 Ok");
    }
  });
}

TEST(ClientTest, RefusalsAreHandedOnWithTheirWords) {
  AtEveryCut([](Talk* talk) {
    talk->Start();
    EXPECT_EQ(talk->Mail(From("<a@example.org>"), "450 4.1.8 Sender domain not found\r\n"),
              "450 4.1.8 Sender domain not found");
    EXPECT_TRUE(talk->client->ready());
    talk->Open();
    EXPECT_EQ(talk->Rcpt("<c@example.org>", "550-5.1.1 <c@example.org>\r\n550 5.1.1 unknown\r\n"),
              "550 5.1.1 <c@example.org>\nunknown");
    EXPECT_TRUE(talk->client->in_transaction());
    talk->client->Data();
    EXPECT_EQ(talk->Heard(), "DATA\r\n");
    talk->Say("554 5.5.1 no valid recipients\r\n");
    EXPECT_EQ(talk->Outcome(), "554 5.5.1 no valid recipients");
    EXPECT_TRUE(talk->client->in_transaction());
    talk->Data();
    talk->client->Finish();
    talk->Heard();
    talk->Say("554 5.7.1 spam\r\n");
    EXPECT_EQ(talk->Outcome(), "554 5.7.1 spam");
    EXPECT_TRUE(talk->client->ready());
  });
}

TEST(ClientTest, ResetBetweenCommands) {
  AtEveryCut([](Talk* talk) {
    talk->Start();
    talk->client->Reset();
    EXPECT_TRUE(talk->client->ready());
    EXPECT_EQ(talk->Heard(), "");
    talk->Open();
    talk->client->Reset();
    EXPECT_EQ(talk->Heard(), "RSET\r\n");
    EXPECT_FALSE(talk->client->ready());
    talk->Say("250 2.0.0 Ok\r\n");
    EXPECT_TRUE(talk->client->ready());
    EXPECT_EQ(talk->Outcome(), "(none)");
  });
}

TEST(ClientTest, ResetInsideContentDropsTheConnectionAndSendsNoDot) {
  AtEveryCut([](Talk* talk) {
    talk->Start();
    talk->Open();
    talk->Data();
    talk->client->Content("Subject: x\r\n");
    talk->client->Reset();
    EXPECT_TRUE(talk->client->closed());
    EXPECT_EQ(talk->Heard(), "");
  });
}

TEST(ClientTest, ResetWhileAReplyIsAwaitedDropsTheConnection) {
  for (int step = 0; step < 4; ++step) {
    Talk talk(0);
    talk.Start();
    if (step == 0) {
      talk.client->Mail(From("<a@example.org>"));
    } else {
      talk.Open();
      if (step == 1) talk.client->Rcpt("<c@example.org>", "");
      if (step == 2) talk.client->Data();
      if (step == 3) {
        talk.Data();
        talk.client->Finish();
      }
    }
    talk.client->Reset();
    EXPECT_TRUE(talk.client->closed()) << step;
    EXPECT_EQ(talk.Outcome(), "(none)");
  }
}

// ---- The beginning ----

TEST(ClientTest, FallsBackToHelo) {
  AtEveryCut([](Talk* talk) {
    talk->Connect();
    talk->Say("220-mx.example\r\n220 SMTP\r\n");
    EXPECT_EQ(talk->Heard(), "EHLO gate.example\r\n");
    talk->Say("502 5.5.2 Error: command not recognized\r\n");
    EXPECT_EQ(talk->Heard(), "HELO gate.example\r\n");
    talk->Say("250 mx.example\r\n");
    EXPECT_TRUE(talk->client->ready());
    EXPECT_EQ(talk->client->capabilities().extensions, 0u);
    // No extension, so none of its parameters.
    MailArguments mail = From("<a@example.org>");
    mail.size = 100;
    mail.body = Body::k7Bit;
    EXPECT_EQ(talk->Mail(mail, "250 Ok\r\n"), "250 Ok");
    EXPECT_EQ(talk->heard, "MAIL FROM:<a@example.org>\r\n");
  });
}

TEST(ClientTest, CapabilitiesAreRead) {
  AtEveryCut([](Talk* talk) {
    talk->Start(
        "250-SIZE 1\r\n250-size 4096 x\r\n250-8bitmime\r\n250-PIPELINING\r\n250-CHUNKING\r\n"
        "250-XCLIENT NAME ADDR LOGIN UNHEARD\r\n250-XFORWARD ADDR SOURCE\r\n250-X-OTHER\r\n"
        "250-AUTH PLAIN\r\n250-\r\n250 ENHANCEDSTATUSCODES\r\n");
    const Capabilities& capabilities = talk->client->capabilities();
    // The first line is the server's name, whatever stands there.
    EXPECT_EQ(capabilities.size_limit, 4096u);
    EXPECT_EQ(capabilities.extensions, uint32_t{kSize | kEightBitMime | kPipelining | kChunking |
                                                kXclient | kXforward | kEnhancedStatusCodes});
    EXPECT_EQ(capabilities.xclient, uint32_t{kAttributeName | kAttributeAddr | kAttributeLogin});
    EXPECT_EQ(capabilities.xforward, uint32_t{kAttributeAddr | kAttributeSource});
  });
}

TEST(ClientTest, ParametersGoWhereTheyAreUnderstood) {
  Talk talk(0);
  talk.Start();
  MailArguments mail = From("<\xC3\xA4@example.org>");
  mail.size = 123456789012;
  mail.body = Body::k8BitMime;
  mail.smtputf8 = true;
  Parameters parameters;
  EXPECT_EQ(CarryParameters("SIZE=1 RET=HDRS body=7BIT ENVID=x+2By smtputf8 AUTH=<>",
                            talk.client->capabilities(), &parameters),
            Carry::kYes);
  mail.parameters = parameters.view();
  EXPECT_EQ(talk.Mail(mail, "250 Ok\r\n"), "250 Ok");
  EXPECT_EQ(talk.heard,
            "MAIL FROM:<\xC3\xA4@example.org> SIZE=123456789012 BODY=8BITMIME SMTPUTF8 RET=HDRS "
            "ENVID=x+2By\r\n");
  EXPECT_EQ(CarryParameters("NOTIFY=NEVER", talk.client->capabilities(), &parameters), Carry::kYes);
  EXPECT_EQ(talk.Rcpt("<\xC3\xB6@example.org>", "250 Ok\r\n", " NOTIFY=NEVER"), "250 Ok");
  EXPECT_EQ(talk.heard, "RCPT TO:<\xC3\xB6@example.org> NOTIFY=NEVER\r\n");

  EXPECT_EQ(CarryParameters("MT-PRIORITY=3", talk.client->capabilities(), &parameters), Carry::kNo);
  EXPECT_EQ(CarryParameters("X-THING", talk.client->capabilities(), &parameters), Carry::kNo);
  EXPECT_EQ(CarryParameters("NOTIFY=NEVER", Capabilities(), &parameters), Carry::kNo);
  EXPECT_EQ(CarryParameters("ENVID=" + std::string(kMaxParameters, 'x'),
                            talk.client->capabilities(), &parameters),
            Carry::kTooLong);
}

TEST(ClientTest, RefusedAtTheDoor) {
  const struct {
    const char* greeting;
    const char* show;
  } cases[] = {{"554 5.7.1 go away\r\n", "554 5.7.1 go away"},
               {"421 4.3.2 busy\r\n", "421 4.3.2 busy"},
               {"450 later\r\n", "450 later"}};
  for (const auto& each : cases) {
    AtEveryCut([&each](Talk* talk) {
      talk->Connect();
      talk->Say(each.greeting);
      EXPECT_TRUE(talk->client->closed());
      EXPECT_EQ(talk->client->failure(), Failure::kRefused);
      EXPECT_EQ(talk->Show(), each.show);
      EXPECT_FALSE(talk->client->speaks_for_client());
      EXPECT_EQ(talk->Heard(), "");
    });
  }
}

TEST(ClientTest, Xclient) {
  AtEveryCut([](Talk* talk) {
    talk->options.identity = IdentityMode::kXclient;
    talk->Connect();
    talk->Say("220 mx.example ESMTP\r\n");
    EXPECT_EQ(talk->Heard(), "EHLO gate.example\r\n");
    talk->Say("250-mx.example\r\n250-CHUNKING\r\n250 XCLIENT NAME ADDR PORT PROTO HELO LOGIN\r\n");
    EXPECT_EQ(talk->Heard(),
              "XCLIENT ADDR=192.0.2.7 PORT=50412 PROTO=ESMTP LOGIN=[UNAVAILABLE] "
              "NAME=[UNAVAILABLE] HELO=client.example\r\n");
    EXPECT_FALSE(talk->client->speaks_for_client());
    talk->Say("220 mx.example ESMTP\r\n");
    EXPECT_EQ(talk->Heard(), "EHLO client.example\r\n");
    talk->Say("250-mx.example\r\n250 SIZE 5\r\n");
    EXPECT_TRUE(talk->client->ready());
    EXPECT_TRUE(talk->client->speaks_for_client());
    EXPECT_EQ(talk->client->capabilities().extensions, uint32_t{kSize});
    // It does not offer XCLIENT any more: good for this client alone.
    EXPECT_TRUE(talk->client->CanServe(talk->identity));
    Identity other = talk->identity;
    other.client.port = 1;
    EXPECT_FALSE(talk->client->CanServe(other));
  });
}

TEST(ClientTest, WithoutXclientTheClientDoesNotPassForTheGate) {
  for (const char* ehlo : {"250 mx.example\r\n", "250-mx.example\r\n250 XCLIENT NAME\r\n"}) {
    Talk talk(0);
    talk.options.identity = IdentityMode::kXclient;
    talk.Connect();
    talk.Say("220 mx.example ESMTP\r\n");
    talk.Heard();
    talk.Say(ehlo);
    EXPECT_TRUE(talk.client->closed());
    EXPECT_EQ(talk.client->failure(), Failure::kIdentity);
  }
  const struct {
    const char* reply;
    Failure failure;
    bool for_client;
  } cases[] = {{"550 5.7.0 insufficient authorization\r\n", Failure::kIdentity, false},
               {"501 5.5.4 bad\r\n", Failure::kIdentity, false},
               {"554 5.7.1 client host rejected\r\n", Failure::kRefused, true},
               {"421 4.7.0 not now\r\n", Failure::kRefused, true},
               {"250 Ok\r\n", Failure::kNonsense, false}};
  for (const auto& each : cases) {
    AtEveryCut([&each](Talk* talk) {
      talk->options.identity = IdentityMode::kXclient;
      talk->Connect();
      talk->Say("220 mx.example ESMTP\r\n");
      talk->Heard();
      talk->Say("250-mx.example\r\n250 XCLIENT ADDR\r\n");
      EXPECT_EQ(talk->Heard(), "XCLIENT ADDR=192.0.2.7\r\n");
      talk->Say(each.reply);
      EXPECT_TRUE(talk->client->closed());
      EXPECT_EQ(talk->client->failure(), each.failure);
      EXPECT_EQ(talk->client->speaks_for_client(), each.for_client);
    });
  }
}

TEST(ClientTest, XclientForAnotherClientOnTheSameConnection) {
  Talk talk(0);
  talk.options.identity = IdentityMode::kXclient;
  const std::string ehlo = "250-mx.example\r\n250 XCLIENT ADDR HELO\r\n";
  talk.Connect();
  for (int i = 0; i < 2; ++i) {
    talk.Say("220 mx.example ESMTP\r\n");
    talk.Heard();
    talk.Say(ehlo);
    if (i == 0) talk.Heard();
  }
  ASSERT_TRUE(talk.client->ready());
  talk.Heard();
  Identity other = talk.identity;
  inet_pton(AF_INET, "192.0.2.8", other.client.octets);
  other.helo.Assign("other.example");
  ASSERT_TRUE(talk.client->CanServe(other));
  talk.client->Serve(other);
  EXPECT_FALSE(talk.client->ready());
  EXPECT_EQ(talk.Heard(), "XCLIENT ADDR=192.0.2.8 HELO=other.example\r\n");
  talk.Say("220 mx.example ESMTP\r\n");
  EXPECT_EQ(talk.Heard(), "EHLO other.example\r\n");
  talk.Say(ehlo);
  EXPECT_TRUE(talk.client->ready());
  // The same client again costs nothing.
  talk.client->Serve(other);
  EXPECT_TRUE(talk.client->ready());
  EXPECT_EQ(talk.Heard(), "");
}

TEST(ClientTest, XforwardIsForTheLogAlone) {
  for (const char* reply : {"250 2.0.0 Ok\r\n", "550 5.7.0 insufficient authorization\r\n"}) {
    AtEveryCut([reply](Talk* talk) {
      talk->options.identity = IdentityMode::kXforward;
      talk->Connect();
      talk->Say("220 mx.example ESMTP\r\n");
      talk->Heard();
      talk->Say("250-mx.example\r\n250 XFORWARD NAME ADDR PROTO HELO\r\n");
      EXPECT_EQ(talk->Heard(),
                "XFORWARD ADDR=192.0.2.7 PROTO=ESMTP NAME=[UNAVAILABLE] HELO=client.example\r\n");
      talk->Say(reply);
      EXPECT_TRUE(talk->client->ready());
      EXPECT_FALSE(talk->client->speaks_for_client());
    });
  }
  Talk talk(0);
  talk.options.identity = IdentityMode::kXforward;
  talk.Start();
}

TEST(ClientTest, ProxyHeaderComesBeforeAll) {
  AtEveryCut([](Talk* talk) {
    talk->options.identity = IdentityMode::kProxy1;
    talk->Connect();
    EXPECT_EQ(talk->Heard(), "PROXY TCP4 192.0.2.7 0.0.0.0 50412 0\r\n");
    talk->Say("220 mx.example ESMTP\r\n");
    EXPECT_EQ(talk->Heard(), "EHLO client.example\r\n");
    talk->Say("250 mx.example\r\n");
    EXPECT_TRUE(talk->client->ready());
    EXPECT_TRUE(talk->client->speaks_for_client());
    Identity other = talk->identity;
    other.client.port = 1;
    EXPECT_FALSE(talk->client->CanServe(other));
    // A new name of the same client is a new EHLO.
    Identity renamed = talk->identity;
    renamed.helo.Assign("renamed.example");
    ASSERT_TRUE(talk->client->CanServe(renamed));
    talk->client->Serve(renamed);
    EXPECT_EQ(talk->Heard(), "EHLO renamed.example\r\n");
  });
}

// One whole message; with `reply` to its content.
void SendOne(Talk* talk, const char* reply) {
  talk->Open();
  EXPECT_FALSE(talk->client->tidy());
  talk->Data();
  talk->client->Content("x\r\n");
  talk->client->Finish();
  talk->Heard();
  talk->Say(reply);
  talk->Outcome();
}

TEST(ClientTest, OnlyAConnectionOfSuccessesIsTidy) {
  Talk good(0);
  good.Start();
  EXPECT_TRUE(good.client->tidy());
  SendOne(&good, "250 2.0.0 Ok\r\n");
  EXPECT_TRUE(good.client->tidy());
  EXPECT_EQ(good.client->transactions(), 1u);
  good.Say("25");
  EXPECT_FALSE(good.client->tidy());

  Talk content(0);
  content.Start();
  SendOne(&content, "550 5.7.1 spam\r\n");
  EXPECT_TRUE(content.client->ready());
  EXPECT_FALSE(content.client->tidy());

  Talk recipient(0);
  recipient.Start();
  recipient.Open();
  EXPECT_EQ(recipient.Rcpt("<no@example.org>", "550 5.1.1 no\r\n"), "550 5.1.1 no");
  recipient.client->Reset();
  recipient.Heard();
  recipient.Say("250 Ok\r\n");
  SendOne(&recipient, "250 2.0.0 Ok\r\n");
  EXPECT_FALSE(recipient.client->tidy());

  Talk reset(0);
  reset.Start();
  reset.Open();
  reset.client->Reset();
  reset.Heard();
  reset.Say("250 Ok\r\n");
  EXPECT_TRUE(reset.client->ready());
  EXPECT_FALSE(reset.client->tidy());
}

TEST(ClientTest, OneThatCannotBeToldOfAnotherClientIsNotTidy) {
  for (const IdentityMode mode : {IdentityMode::kProxy1, IdentityMode::kProxy2}) {
    Talk talk(0);
    talk.options.identity = mode;
    talk.Connect();
    talk.Heard();
    talk.Say("220 mx.example ESMTP\r\n");
    talk.Heard();
    talk.Say(kEhloReply);
    EXPECT_TRUE(talk.client->ready());
    EXPECT_FALSE(talk.client->tidy());
  }
  for (const bool again : {false, true}) {
    Talk talk(0);
    talk.options.identity = IdentityMode::kXclient;
    talk.Connect();
    talk.Say("220 mx.example ESMTP\r\n");
    talk.Heard();
    talk.Say("250-mx.example\r\n250 XCLIENT ADDR\r\n");
    talk.Heard();
    talk.Say("220 mx.example ESMTP\r\n");
    talk.Heard();
    talk.Say(again ? "250-mx.example\r\n250 XCLIENT ADDR\r\n" : "250 mx.example\r\n");
    EXPECT_TRUE(talk.client->ready());
    EXPECT_EQ(talk.client->tidy(), again);
  }
}

TEST(ClientTest, AServerForOneClientHearsItsName) {
  for (const bool known : {false, true}) {
    AtEveryCut([known](Talk* talk) {
      talk->options.one_client = true;
      talk->options.client_known = known;
      const Identity told = talk->identity;
      // Before the client has said EHLO.
      talk->identity.helo.Clear();
      talk->Start();
      EXPECT_EQ(talk->client->speaks_for_client(), known);
      EXPECT_FALSE(talk->client->tidy());
      ASSERT_TRUE(talk->client->CanServe(told));
      talk->client->Serve(told);
      EXPECT_EQ(talk->Heard(), "EHLO client.example\r\n");
      talk->Say(kEhloReply);
      EXPECT_TRUE(talk->client->ready());
      Identity other = told;
      other.client.port = 1;
      EXPECT_EQ(talk->client->CanServe(other), !known);
    });
  }
}

TEST(ClientTest, ANameThatIsNoNameIsNotSaid) {
  Talk talk(0);
  talk.options.identity = IdentityMode::kProxy2;
  talk.identity.helo.Assign("a b\r\nQUIT");
  talk.Connect();
  talk.Heard();
  talk.Say("220 mx.example ESMTP\r\n");
  EXPECT_EQ(talk.Heard(), "EHLO gate.example\r\n");
}

}  // namespace
}  // namespace postern::upstream
