/*
 * database_address: what the key `database` of a warehouse holds: the path of an SQLite file or the address
 * of a PostgreSQL database. Pure, but for the secrets it registers.
 */
#ifndef WOSYNC_HANDLERS_WAREHOUSE_DATABASE_ADDRESS_H
#define WOSYNC_HANDLERS_WAREHOUSE_DATABASE_ADDRESS_H

enum database_kind {
    DATABASE_WRONG, /* neither */
    DATABASE_FILE,
    DATABASE_POSTGRES
};

/*
 * Says what `value` is. Whatever in it may be a secret is registered first, also where it is wrong: the whole
 * of what is no path, and the passwords in it, as they are written and as they are meant. For DATABASE_WRONG,
 * *wrong is a static text that says what to write; it quotes nothing.
 */
enum database_kind database_address_read(const char *value, const char **wrong);

#endif
