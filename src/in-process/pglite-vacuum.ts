interface DueTable {
  name: string;
  /** False: the table is only analysed. */
  vacuum: boolean;
}

/**
 * Selects the tables as PostgreSQL's autovacuum does, by its default thresholds, but with a higher
 * minimum: small tables are written all the time.
 */
const DUE_TABLES = `
  select quote_ident(relname) as name, n_dead_tup > 1000 + 0.2 * n_live_tup as vacuum
    from pg_stat_user_tables
   where n_dead_tup > 1000 + 0.2 * n_live_tup or n_mod_since_analyze > 1000 + 0.1 * n_live_tup`;

/**
 * Returns a task that vacuums and analyses tables. PGlite is a single process without autovacuum:
 * scans of the queue and of the outbox would pass ever more dead rows, and the planner would have
 * no statistics. The task returns false: no more work is due at once.
 */
export function createVacuum(query: <Row>(sql: string) => Promise<Row[]>): () => Promise<boolean> {
  return async () => {
    await query('select pg_stat_force_next_flush()');
    const tables = await query<DueTable>(DUE_TABLES);
    for (const table of tables)
      await query(`${table.vacuum ? 'vacuum (analyze)' : 'analyze'} ${table.name}`);
    return false;
  };
}
