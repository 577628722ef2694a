interface Table {
  name: string;
  vacuum: boolean;
}

/**
 * As PostgreSQL's own autovacuum decides, by its default thresholds but for a higher floor: small
 * tables are written all the time.
 */
const DUE = `
  select quote_ident(relname) as name, n_dead_tup > 1000 + 0.2 * n_live_tup as vacuum
    from pg_stat_user_tables
   where n_dead_tup > 1000 + 0.2 * n_live_tup or n_mod_since_analyze > 1000 + 0.1 * n_live_tup`;

/**
 * The embedded engine is one process and runs no autovacuum: without this, the queue and the
 * outbox, whose rows come and go, would be scanned past ever more dead rows, and the planner would
 * know nothing of the tables. Answers false: there is no more at once.
 */
export function createVacuum(query: <Row>(sql: string) => Promise<Row[]>): () => Promise<boolean> {
  return async () => {
    await query('select pg_stat_force_next_flush()');
    const tables = await query<Table>(DUE);
    for (const table of tables)
      await query(`${table.vacuum ? 'vacuum (analyze)' : 'analyze'} ${table.name}`);
    return false;
  };
}
