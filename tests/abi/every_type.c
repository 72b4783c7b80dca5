// Names every type of the ABI in a function's signature, so that abidw writes all of them down.
#include <hotline/cap/clock.h>
#include <hotline/cap/config.h>
#include <hotline/cap/control.h>
#include <hotline/cap/crypto.h>
#include <hotline/cap/file.h>
#include <hotline/cap/http.h>
#include <hotline/cap/log.h>
#include <hotline/cap/login.h>
#include <hotline/cap/mailbox.h>
#include <hotline/cap/outbox.h>
#include <hotline/cap/post.h>
#include <hotline/cap/random.h>
#include <hotline/cap/session.h>
#include <hotline/cap/stanza.h>
#include <hotline/cap/stats.h>
#include <hotline/cap/stream.h>
#include <hotline/cap/table.h>
#include <hotline/cap/timer.h>
#include <hotline/module.h>

#define SEE(type)                   \
  void see_##type(const type* it);  \
  void see_##type(const type* it) { \
    (void)it;                       \
  }

SEE(hl_cap_clock)
SEE(hl_cap_config)
SEE(hl_cap_control)
SEE(hl_cap_crypto)
SEE(hl_cap_log)
SEE(hl_cap_mailbox)
SEE(hl_cap_post)
SEE(hl_cap_random)
SEE(hl_cap_session)
SEE(hl_cap_stanza)
SEE(hl_cap_stats)
SEE(hl_cap_stream)
SEE(hl_cap_table)
SEE(hl_cap_timer)
SEE(hl_cap_file)
SEE(hl_cap_http)
SEE(hl_cap_outbox)
SEE(hl_cap_login)
SEE(hl_module_entry)
SEE(hl_host)
