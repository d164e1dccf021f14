#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "handlers/warehouse/database_address.h"

static void test_kinds(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        enum database_kind kind;
        const char *wrong; /* begins so */
        const char *secret;
    } table[] = {
        {"warehouse.db", DATABASE_FILE, NULL, NULL},
        {"/var/lib/wosync/warehouse.db", DATABASE_FILE, NULL, NULL},
        {"C:/with colon.db", DATABASE_FILE, NULL, NULL},
        {"./host=1.db", DATABASE_FILE, NULL, NULL},
        {"/srv/ghost =/my user/port.db", DATABASE_FILE, NULL, NULL},
        {"at@home.db", DATABASE_FILE, NULL, NULL},
        {"dir/a:b@c.db", DATABASE_FILE, NULL, NULL},
        {"postgres.db", DATABASE_FILE, NULL, NULL},
        {"", DATABASE_WRONG, "expected postgresql://", NULL},

        {"postgresql://", DATABASE_POSTGRES, NULL, NULL},
        {"postgresql://host/name", DATABASE_POSTGRES, NULL, NULL},
        {"postgres://user:word@host:5432/name", DATABASE_POSTGRES, NULL, "word"},
        {"postgresql://user:s3cret%2Fx%zz%4@host/name?sslmode=require", DATABASE_POSTGRES, NULL,
            "s3cret/x%zz%4"},
        {"postgresql://user:s3cret%2Fx@/name?host=/a@b", DATABASE_POSTGRES, NULL, "s3cret%2Fx"},
        {"postgresql://host/name?user=a&password=s3%63ret&sslpassword=0ther", DATABASE_POSTGRES, NULL,
            "s3cret"},
        {"postgresql://host/name?user=a&password=s3cret&sslpassword=0ther", DATABASE_POSTGRES, NULL, "0ther"},
        {"postgresql://user@host,other/name", DATABASE_POSTGRES, NULL, NULL},
        {"postgresql:///name?host=/a/b@c", DATABASE_POSTGRES, NULL, NULL},

        /* libpq would read a part of the password as the host, or as the port */
        {"postgresql://user:s3cr@et@host/name", DATABASE_WRONG, "not a valid", "s3cr@et"},
        {"postgresql://user:s3cr/et@host/name", DATABASE_WRONG, "not a valid", "s3cr/et"},
        {"postgresql://user:s3cr?et@host/name", DATABASE_WRONG, "not a valid", "s3cr?et"},

        {"host=db password=s3cret dbname=x", DATABASE_WRONG, "KEY=VALUE pairs", "s3cret"},
        {"  host = db password = s3cret", DATABASE_WRONG, "KEY=VALUE pairs", "s3cret"},
        {"password='s3 cr=et' host=db", DATABASE_WRONG, "KEY=VALUE pairs", "s3 cr=et"},
        {"password='s3cret host=db", DATABASE_WRONG, "KEY=VALUE pairs", "s3cret host=db"},
        {"password=s3cret", DATABASE_WRONG, "KEY=VALUE pairs", "s3cret"},
        {"PASSWORD=s3cret", DATABASE_WRONG, "KEY=VALUE pairs", "s3cret"},
        {"db.example.com password=s3cret", DATABASE_WRONG, "KEY=VALUE pairs", "s3cret"},
        {"db.example.com\tuser=a passwd=s3cret", DATABASE_WRONG, "KEY=VALUE pairs", "s3cret"},
        {"hots=db", DATABASE_WRONG, "KEY=VALUE pairs", "hots=db"},
        {"host=db passw", DATABASE_WRONG, "KEY=VALUE pairs", NULL},

        {"mysql://user:s3cret@host/name", DATABASE_WRONG, "unsupported kind", "s3cret"},
        {"jdbc:postgresql://host/name?user=a&password=s3cret", DATABASE_WRONG, "unsupported kind", "s3cret"},
        {"PostgreSQL://user:s3cret@host/name", DATABASE_WRONG, "unsupported kind", "s3cret"},
        {"postgresql:/user:s3cret@host/name", DATABASE_WRONG, "unsupported kind", "s3cret"},
        {"postgresq:user:s3cret@host", DATABASE_WRONG, "unsupported kind", "s3cret"},
        {"user:s3cret@host/name", DATABASE_WRONG, "unsupported kind", "s3cret"},
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        const char *wrong = NULL;
        enum database_kind kind = database_address_read(table[i].value, &wrong);
        check(kind == table[i].kind, "%s: %d", table[i].value, kind);
        if (table[i].wrong != NULL)
            check(
                strncmp(wrong, table[i].wrong, strlen(table[i].wrong)) == 0, "%s: %s", table[i].value, wrong);
        check(table[i].secret == NULL || secret_is_value(table[i].secret), "%s", table[i].value);
        /* the whole of what is no path, which may be anything else's password */
        check(secret_is_value(table[i].value) == (kind != DATABASE_FILE && *table[i].value != '\0'), "%s",
            table[i].value);
        secret_forget();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_kinds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
