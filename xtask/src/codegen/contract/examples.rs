//! How each type that a caller makes is made, for its documentation. They run as tests of the schema crate.

/// The lines of an example; none for a type that is plain enough.
pub(super) fn example(type_name: &str) -> Option<&'static str> {
    Some(match type_name {
        "DescribeTable" => {
            r#"let call = DescribeTable::new("main.orders").warehouse_id("shop");
assert!(call.validate().is_ok());"#
        }
        "GetDashboard" => {
            r#"let call = GetDashboard::new("weekly-sales").detail(DashboardDetail::Full);
assert!(call.validate().is_ok());"#
        }
        "ListDashboards" => {
            r#"let call = ListDashboards::new().search("sales").limit(20);
assert!(call.validate().is_ok());"#
        }
        "ListSourceDocs" => {
            r#"let call = ListSourceDocs::new().search("checkout");
assert!(call.validate().is_ok());"#
        }
        "ListTables" => {
            r#"let call = ListTables::new().schema("main").name_contains("order").limit(200);
assert!(call.validate().is_ok());"#
        }
        "ListWarehouses" => {
            r#"let call = ListWarehouses::new().limit(100);
assert!(call.validate().is_ok());"#
        }
        "QueryWarehouse" => {
            r#"let call = QueryWarehouse::new("select count(*) from orders where country = :country")
    .param("country", "NO")
    .max_rows(10)
    .timeout_seconds(5);
assert!(call.validate().is_ok());"#
        }
        "ReadSourceDoc" => {
            r#"let call = ReadSourceDoc::new("doc-web-shop").section("events").max_chars(40_000);
assert!(call.validate().is_ok());"#
        }
        "RunDashboardPanel" => {
            r#"let call = RunDashboardPanel::new("weekly-sales", "revenue")
    .parameter("time_range", "last_7_days")
    .parameter("country", "NO");
assert!(call.validate().is_ok());"#
        }
        "SaveDashboard" => {
            r#"let panel = Panel::new("orders", "Orders", PanelType::Metric).sql("select count(*) from orders");
let call = SaveDashboard::new("Weekly sales", DashboardSpec::new([panel]))
    .slug("weekly-sales")
    .description("What the shop sold.")
    .dry_run(true);
assert!(call.validate().is_ok());"#
        }
        "DashboardSpec" => {
            r#"let country = DashboardParameter::new("country", ParameterType::Text).default("NO");
let table = Panel::new("orders", "Orders", PanelType::Table)
    .sql("select * from orders where country = {{country}}");
let spec = DashboardSpec::new([table]).parameter(country);
assert!(SaveDashboard::new("Orders", spec).validate().is_ok());"#
        }
        "DashboardParameter" => {
            r#"let country = DashboardParameter::new("country", ParameterType::Select)
    .label("Country")
    .option("NO")
    .option("SE")
    .default("NO");
assert_eq!(country.options, ["NO", "SE"]);"#
        }
        "Panel" => {
            r#"let panel = Panel::new("orders-by-day", "Orders by day", PanelType::Chart)
    .chart_type(ChartType::Line)
    .sql("select day, count(*) from orders group by day")
    .width(PanelWidth::Half);
assert!(SaveDashboard::new("Orders", DashboardSpec::new([panel])).validate().is_ok());"#
        }
        "MetricConfig" => {
            r#"let dollars = MetricConfig::new().format(MetricFormat::Currency).prefix("$");
let panel = Panel::new("revenue", "Revenue", PanelType::Metric).metric_config(dollars);
assert!(panel.metric_config.is_some());"#
        }
        "FunnelConfig" => {
            r#"let columns = FunnelConfig::new().step_column("step").count_column("visitors");
let panel = Panel::new("checkout", "Checkout", PanelType::Funnel).funnel_config(columns);
assert!(panel.funnel_config.is_some());"#
        }
        _ => return None,
    })
}
